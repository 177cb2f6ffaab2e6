reconcile_test(cmd_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/config_test.cc ${CMAKE_CURRENT_LIST_DIR}/local_host_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/status_text_test.cc
  LIBS cmd_config cmd_host cmd_text base_io
  LABELS unit)
