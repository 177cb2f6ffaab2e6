set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(reconciler_test
  SOURCES ${here}/world.cc ${here}/replicas_test.cc ${here}/scheduler_test.cc
          ${here}/victims_test.cc
  LIBS reconciler LABELS unit)
