add_executable(git_read_helper ${CMAKE_CURRENT_LIST_DIR}/git_read_helper.cc)
target_compile_options(git_read_helper PRIVATE ${RECONCILE_CXX_WARNINGS})
target_link_libraries(git_read_helper PRIVATE source_io)
reconcile_test(source_contract_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/children_test.cc ${CMAKE_CURRENT_LIST_DIR}/contract_test.cc ${CMAKE_CURRENT_LIST_DIR}/faults_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/harness.cc ${CMAKE_CURRENT_LIST_DIR}/limits_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/owner_test.cc ${CMAKE_CURRENT_LIST_DIR}/reach_test.cc ${CMAKE_CURRENT_LIST_DIR}/remote_faults_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/remote_test.cc ${CMAKE_CURRENT_LIST_DIR}/revisions_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/servers.cc ${PROJECT_SOURCE_DIR}/tests/support/git_servers.cc
          ${CMAKE_CURRENT_LIST_DIR}/watch_test.cc ${CMAKE_CURRENT_LIST_DIR}/working_tree_test.cc
  LIBS source_io
  LABELS contract)
target_compile_definitions(source_contract_test PRIVATE
  GIT_READ_HELPER="$<TARGET_FILE:git_read_helper>"
  GIT_SERVERS_SCRIPT="${PROJECT_SOURCE_DIR}/tests/support/git_servers.py")
add_dependencies(source_contract_test git_read_helper)
