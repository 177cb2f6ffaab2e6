#pragma once

namespace reconcile {

// Unmaps the pages of this program's code and of its libraries'. The kernel keeps them as pages of
// files and maps again what is used, without reading it anew. For a service, once it is up: most of
// what a start touches (symbols, relocations, the command line's parser) it never touches again.
// Any thread; some hundred page faults follow.
void UnmapStartCode();

}  // namespace reconcile
