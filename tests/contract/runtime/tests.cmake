include(${PROJECT_SOURCE_DIR}/tests/support/dockerd.cmake)
reconcile_test(runtime_contract_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/containers_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/docker_adapter_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/engine_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/harness.cc
          ${CMAKE_CURRENT_LIST_DIR}/logs_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/rights_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/sandbox_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/start_program_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/exec_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/pod_streams_test.cc
  LIBS runtime_io runtime base_io test_dockerd
  LABELS contract)
