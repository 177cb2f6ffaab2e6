# Language level, warnings, sanitizers, ccache, linker: everything about how, nothing about what.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(RECONCILE_SANITIZE "" CACHE STRING "asan, tsan, fuzz, coverage or empty")
option(RECONCILE_PLANTED_BUGS "Compile in the planted bugs that the simulator must find" OFF)
option(RECONCILE_TESTS "Build the tests" ON)
option(RECONCILE_SMALL_CODE "Make code outside the core small rather than fast" OFF)
option(RECONCILE_WERROR "Warnings are errors" ON)

# -iquote, not -I: a folder named net/ must not shadow the C library's <net/...>.
add_compile_options("SHELL:-iquote ${PROJECT_SOURCE_DIR}" "SHELL:-iquote ${PROJECT_BINARY_DIR}")
# Designated initializers leave the rest at its default on purpose.
set(RECONCILE_WARNINGS -Wall -Wextra -Wshadow -Wconversion -Wswitch-enum -Werror
                       -Wno-missing-field-initializers)
set(RECONCILE_CXX_WARNINGS ${RECONCILE_WARNINGS} -Wold-style-cast)
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # What a .cc keeps in its anonymous namespace looks to GCC as if a header did.
  list(APPEND RECONCILE_CXX_WARNINGS -Wno-subobject-linkage -Wno-maybe-uninitialized)
endif()
if(RECONCILE_SANITIZE OR NOT RECONCILE_WERROR)
  # Instrumented or much optimised code makes GCC warn where nothing is wrong, and other compilers have
  # other warnings; the dev and ci builds hold the line.
  list(APPEND RECONCILE_CXX_WARNINGS -Wno-error)
endif()

if(RECONCILE_SANITIZE STREQUAL "asan")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=null,alignment,vptr,object-size
                      -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(RECONCILE_SANITIZE STREQUAL "tsan")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  add_link_options(-fsanitize=thread)
elseif(RECONCILE_SANITIZE STREQUAL "fuzz")
  add_compile_options(-fsanitize=fuzzer-no-link,address -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address)
elseif(RECONCILE_SANITIZE STREQUAL "coverage")
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping -fsanitize=fuzzer-no-link)
  add_link_options(-fprofile-instr-generate)
elseif(NOT RECONCILE_SANITIZE STREQUAL "")
  message(FATAL_ERROR "RECONCILE_SANITIZE=${RECONCILE_SANITIZE}: use asan, tsan, fuzz, coverage or empty")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Precompiled headers, and clones in other folders, hit the cache too.
  set(launcher env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
               CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()

# lld is fast and works with every sanitizer here; without it the default linker serves.
find_program(LLD_PROGRAM ld.lld)
if(LLD_PROGRAM)
  add_link_options(-fuse-ld=lld)
endif()
find_package(Threads REQUIRED)
if(RECONCILE_PLANTED_BUGS)
  add_compile_definitions(RECONCILE_PLANTED_BUGS)
endif()
