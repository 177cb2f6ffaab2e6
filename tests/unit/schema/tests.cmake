set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(schema_test
  SOURCES ${here}/quantity_test.cc
  LIBS schema LABELS unit)
