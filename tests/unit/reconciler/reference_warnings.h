#pragma once

#include <string>
#include <vector>

#include "schema/manifests.h"

namespace reconcile {

// The objects of YAML documents, which are to be without errors.
std::vector<ObjectPtr> ParseDocuments(const std::string& yaml);

// What is said of the documents read as facts.
Problems ProblemsByFacts(const std::string& yaml);

// The same documents read as facts say the same as `problems`; these know more of the places.
void ExpectFactsSayTheSame(const std::string& yaml, const Problems& problems);

// The warnings about what the documents name, in an empty cluster, a line each. Facts are to say
// the same.
std::string ReferenceWarnings(const std::string& yaml);

}  // namespace reconcile
