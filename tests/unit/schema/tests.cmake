set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(schema_test
  SOURCES ${here}/bounded_run.cc ${here}/faults_test.cc ${here}/manifests_test.cc
          ${here}/quantity_test.cc ${here}/yaml_alias_test.cc ${here}/yaml_limits_test.cc
          ${here}/yaml_reader_test.cc ${here}/yaml_scalar_test.cc ${here}/yaml_text_test.cc
  LIBS schema LABELS unit)
