#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reconcile {

// What a message of yaml-cpp about `text` at `*offset` means, for people who write YAML, and what
// to do: "this line is indented further ...". Moves `*offset` to where the cause stands, when that
// can be told. Quotes nothing of the text, which may be part of a Secret. PURE.
std::string ExplainYamlError(std::string_view message, std::string_view text, size_t* offset);

}  // namespace reconcile
