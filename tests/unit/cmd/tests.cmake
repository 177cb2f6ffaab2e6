reconcile_test(cmd_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/config_test.cc LIBS cmd_config LABELS unit)
