set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(reconciler_property_test
  SOURCES ${here}/generator.cc ${here}/plan_property_test.cc ${here}/rollout_property_test.cc
          ${here}/breaker_property_test.cc ${here}/incremental_property_test.cc ${here}/services_property_test.cc ${here}/waves_property_test.cc ${PROJECT_SOURCE_DIR}/tests/unit/reconciler/world.cc ${here}/placement_property_test.cc
          ${here}/preemption_property_test.cc
  LIBS reconciler LABELS property)
# RECONCILE_ROLLOUT_SEEDS=10000 runs ten thousand histories.
reconcile_test(rollout_property_test
  SOURCES ${here}/generator.cc ${here}/rollout_history.cc ${here}/rollout_safety_property_test.cc ${PROJECT_SOURCE_DIR}/tests/unit/reconciler/world.cc
  LIBS reconciler LABELS property)
