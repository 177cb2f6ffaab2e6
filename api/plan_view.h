#pragma once

#include <string>

#include "api/http.h"
#include "base/value.h"
#include "controller/controller.h"

namespace reconcile {

// What a plan says, as `reconcile --dry-run -o json` shows it; docs/cli.md describes the form.
// cmd/plan_text.h makes the forms for people of it.
// `manifests` adds to every change its object "before" and "after", as Git would declare it; values
// of Secrets are masked.
Value EncodePlan(const Controller::PlanAnswer& answer, bool manifests = false);

// What who asks may be told of Secrets: whoever may not read them would learn by a plan whether a
// guess is right.
Controller::SecretsInPlan SecretsFor(const ApiRequest& request);

// "Deployment default/web", "Node host-1": what an item of it is about.
std::string KeyText(const Value& item);

}  // namespace reconcile
