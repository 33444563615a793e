/**
 * @file attribute.h
 * Reading attributes of an open HDF5 object. Local; called between tt_h5_enter() and tt_h5_leave().
 */
#ifndef TT_IO_ATTRIBUTE_H
#define TT_IO_ATTRIBUTE_H

#include "io/h5.h"

/** Whether an object has an attribute. */
bool tt_attribute_exists(hid_t object, const char *name);

/** A text attribute, cut to the buffer: false, and "", if there is none. */
bool tt_attribute_text(hid_t object, const char *name, char *text, size_t length);

/** A numeric attribute of at most max elements: how many it has; 0 if there is none, or it has more. */
int tt_attribute_numbers(hid_t object, const char *name, int max, double *values);

/** All attributes of an object as "name = value; name = value", cut to the buffer. */
void tt_attributes_describe(hid_t object, char *text, size_t length);

/** One element of a string type, of fixed or variable length, read by `read(source, type, buffer)`. */
bool tt_string_read(hid_t source, herr_t (*read)(hid_t source, hid_t type, void *buffer), hid_t type, char *text,
                    size_t length);

#endif
