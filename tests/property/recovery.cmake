set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(recovery_property_test
  SOURCES ${here}/reconciler/generator.cc ${here}/recovery_property_test.cc
          ${PROJECT_SOURCE_DIR}/tests/unit/reconciler/world.cc
  LIBS controller LABELS property)
