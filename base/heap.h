#pragma once

#include <cstddef>

namespace reconcile {

// Tells the C library's heap that about so many bytes will be asked for soon, in small pieces and
// by several threads, and not be given back before the end: it takes them at once, in large pages
// where the kernel has them, instead of page by page. For a command that ends when it is done, at
// its beginning, before it starts threads. Changes nothing but the time that it takes.
void ExpectHeapUse(size_t bytes);

// For a service, which is idle most of the time, at its beginning and before it starts threads: one
// heap for all of them, whose free end goes back to the kernel at once. Pieces from a megabyte on
// are the kernel's own.
void KeepHeapSmall();
// Gives the kernel back what work since the last time left free, where that is much: then some
// milliseconds. By one thread.
void GiveBackHeap();

}  // namespace reconcile
