#pragma once

#include <cstddef>

namespace reconcile {

// Tells the C library's heap that about so many bytes will be asked for soon, in small pieces and
// by several threads, and not be given back before the end: it takes them at once, in large pages
// where the kernel has them, instead of page by page. For a command that ends when it is done, at
// its beginning, before it starts threads. Changes nothing but the time that it takes.
void ExpectHeapUse(size_t bytes);

}  // namespace reconcile
