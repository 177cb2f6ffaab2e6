set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(reconciler_property_test
  SOURCES ${here}/generator.cc ${here}/plan_property_test.cc ${here}/rollout_property_test.cc
          ${here}/breaker_property_test.cc ${here}/incremental_property_test.cc ${here}/services_property_test.cc ${here}/waves_property_test.cc ${PROJECT_SOURCE_DIR}/tests/unit/reconciler/world.cc ${here}/placement_property_test.cc
  LIBS reconciler LABELS property)
