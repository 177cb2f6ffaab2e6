reconcile_test(runtime_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/docker_events_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/docker_logs_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/docker_replies_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/docker_requests_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/docker_runtime_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/docker_streams_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/fake_runtime_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/image_reference_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/log_outlet_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/log_place_test.cc
          ${PROJECT_SOURCE_DIR}/tests/support/canned_server.cc
  LIBS runtime_io runtime base_io
  LABELS unit)
