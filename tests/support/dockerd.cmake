# test_dockerd: a Docker daemon for contract and end-to-end tests.
include_guard(GLOBAL)
if(RECONCILE_TESTS)
  add_library(test_dockerd STATIC ${CMAKE_CURRENT_LIST_DIR}/dockerd_fixture.cc)
  target_compile_options(test_dockerd PRIVATE ${RECONCILE_CXX_WARNINGS})
  target_link_libraries(test_dockerd PUBLIC base PRIVATE runtime)
endif()
