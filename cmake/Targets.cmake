# reconcile_library(NAME SOURCES a.cc ... [PUBLIC libs] [PRIVATE libs])
# A folder's library; third-party libraries of an adapter go under PRIVATE.
function(reconcile_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${RECONCILE_CXX_WARNINGS}>)
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  reconcile_small(${name})
endfunction()

# Code whose time is the disks', the engines' and the network's is made small, not fast: it is resident in every process.
set(RECONCILE_FAST base base_io net_dns net_dns_io schema schema_yaml schema_kustomize reconciler store controller cmd_validate)
function(reconcile_small name)
  if(RECONCILE_SMALL_CODE AND NOT name IN_LIST RECONCILE_FAST)
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Os>)
  endif()
endfunction()

# What the sanitizer builds run: unit and simulation tests, not the program and what tests it from outside.
add_custom_target(checked_tests)

# Those of them that run in more than one thread: under ThreadSanitizer the others show nothing. tests/house holds this to the tree.
set(RECONCILE_THREADED base_io_test api_io_test api_tls_test link_test link_tls_test enrollment_test runtime_test source_test store_test cmd_test cmd_validate_test)
add_custom_target(threaded_tests)

# reconcile_test(NAME SOURCES a_test.cc ... LIBS libs [ENV VAR=VALUE ...] [LABELS l])
# One GoogleTest program; ctest runs it as one test. All test programs share one precompiled header.
function(reconcile_test name)
  if(NOT RECONCILE_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;ENV;LABELS" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_compile_options(${name} PRIVATE ${RECONCILE_CXX_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gtest GTest::gtest_main Threads::Threads)
  target_precompile_headers(${name} PRIVATE <gtest/gtest.h> <map> <memory> <optional> <string> <vector>)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(RECONCILE_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 4")
  endif()
  if("${ARG_LABELS}" MATCHES "unit|sim")
    add_dependencies(checked_tests ${name})
  endif()
  if(name IN_LIST RECONCILE_THREADED)
    list(APPEND ARG_LABELS threads)
    add_dependencies(threaded_tests ${name})
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  # A test that skips itself has not passed.
  set_tests_properties(${name} PROPERTIES FAIL_REGULAR_EXPRESSION "\\[  SKIPPED \\]"
                       TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
                       ENVIRONMENT "${ARG_ENV}")
endfunction()

# reconcile_fuzz(NAME SOURCES fuzz_x.cc LIBS libs): a libFuzzer program under RECONCILE_SANITIZE=fuzz or
# coverage. In every other build the same entry point is linked with tests/fuzz/replay_main.cc and runs the
# committed corpus tests/fuzz/corpus/NAME as an ordinary test.
function(reconcile_fuzz name)
  if(NOT RECONCILE_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  add_dependencies(checked_tests ${name})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} Threads::Threads)
  if(RECONCILE_SANITIZE STREQUAL "fuzz" OR RECONCILE_SANITIZE STREQUAL "coverage")
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    add_test(NAME ${name} COMMAND ${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 120 LABELS unit)
  endif()
endfunction()
