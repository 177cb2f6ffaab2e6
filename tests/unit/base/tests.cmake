set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(base_test
  SOURCES ${here}/ids_test.cc ${here}/lines_test.cc ${here}/log_test.cc ${here}/json_test.cc ${here}/numbers_test.cc ${here}/status_test.cc ${here}/text_test.cc
          ${here}/time_test.cc ${here}/value_test.cc
  LIBS base LABELS unit)
