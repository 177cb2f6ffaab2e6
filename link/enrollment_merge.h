#pragma once

#include "link/enrollment_state.h"

namespace reconcile {

// What the list of tokens and certificates in use, `here`, becomes when a saved one of the same
// cluster is restored beside it: nothing that either refuses is let in again.
//   CAs      those of the list whose set of CAs is the newer one (trust_generation)
//   lineage  the newest
//   tokens   those of `here`: used as often, and revoked, as in the list that says more. One that
//            only `saved` knows may have been revoked and forgotten since: it stays unknown
//   nodes    of both; of a name the record with the later end of earlier certificates, and when
//            that is a revocation, it holds for what the other one issued as well
// Conflict when the two are of different clusters, or hold different CAs of one number: one of them
// was made anew; and when more revocations come together than are kept. PURE.
Result<EnrollmentState> MergeEnrollment(const EnrollmentState& here, const EnrollmentState& saved);

}  // namespace reconcile
