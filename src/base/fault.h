/**
 * @file fault.h
 * Failures on demand, for the tests: the k-th allocation or the k-th file operation of this rank fails, or the k-th
 * panel that it multiplies has a wrong element.
 */
#ifndef TT_BASE_FAULT_H
#define TT_BASE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

typedef enum tt_fault { TT_FAULT_ALLOC, TT_FAULT_FILE, TT_FAULT_PANEL, TT_FAULT_COUNT } tt_fault;

/** Makes the k-th (from 0) operation of a kind on the calling thread fail, once; k < 0 disarms. Local. */
void tt_fault_arm(tt_fault kind, int64_t k);

/** Called at each operation: true if it is the one that must fail. Local. */
bool tt_fault_hit(tt_fault kind);

/** Whether the armed failure has happened since tt_fault_arm(). Local. */
bool tt_fault_fired(tt_fault kind);

#endif
