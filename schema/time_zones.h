#pragma once

#include <string_view>

namespace reconcile {

// Whether the tz database has a zone or a link of this name: "Europe/Berlin", "Etc/UTC". Names
// count case. Source: IANA tz database 2025b, the file tzdata.zi, with the names kept for backward
// compatibility. Its names are added to, never removed.
bool IsTimeZone(std::string_view name);
// The name that is nearest, for "did you mean".
std::string_view NearestTimeZone(std::string_view name);

}  // namespace reconcile
