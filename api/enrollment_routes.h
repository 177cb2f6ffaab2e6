#pragma once

#include <string>

#include "api/http.h"
#include "base/time.h"
#include "link/enrollment_admin.h"

namespace reconcile {

// What the routes below ask. A process without a CA (`reconcile up`) has no admin and gets errors
// that say what to do.
struct EnrollmentApi {
  EnrollmentAdmin* admin = nullptr;
  std::string advertise;  // HOST:PORT that agents dial, for the join line
};

// Join tokens, nodes' certificates and the CA, for the local API:
//   GET  /apis/reconcile.dev/v1/jointokens              Table
//   POST /apis/reconcile.dev/v1/jointokens              ttlSeconds, uses, node; the only answer
//                                                       that holds the token
//   POST /apis/reconcile.dev/v1/jointokens/ID/revoke
//   GET  /apis/reconcile.dev/v1/nodecertificates        Table
//   POST /apis/reconcile.dev/v1/nodecertificates/NODE/revoke
//   GET  /apis/reconcile.dev/v1/authorities             cluster id, Table, what a rotation waits
//   for POST /apis/reconcile.dev/v1/authorities/{rotate,finish}
bool IsEnrollmentPath(const std::string& path);
// For those paths. Any thread that may ask `api.admin`; waits for the disk.
ApiResponse HandleEnrollmentApi(const EnrollmentApi& api, const ApiRequest& request, WallTime now);

}  // namespace reconcile
