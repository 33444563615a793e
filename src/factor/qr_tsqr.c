#include "factor/qr_impl.h"
tartan_status tt_qr_tsqr(tt_qr *x)
{
  return tt_qr_householder(x);
}
tartan_status tt_qr_pivoted(tt_qr *x, int64_t *perm)
{
  (void)perm;
  return tt_qr_householder(x);
}
