reconcile_test(controller_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/agents_test.cc ${CMAKE_CURRENT_LIST_DIR}/assignments_test.cc ${CMAKE_CURRENT_LIST_DIR}/network_lists_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/controller_test.cc ${CMAKE_CURRENT_LIST_DIR}/convergence_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/drain_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/hints_test.cc ${CMAKE_CURRENT_LIST_DIR}/lineage_begin_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/operations_test.cc ${CMAKE_CURRENT_LIST_DIR}/recovery_lineages_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/recovery_test.cc ${CMAKE_CURRENT_LIST_DIR}/revoked_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/source_status_test.cc ${CMAKE_CURRENT_LIST_DIR}/sources_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/history_test.cc ${CMAKE_CURRENT_LIST_DIR}/taking_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/trace_test.cc ${CMAKE_CURRENT_LIST_DIR}/waves_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/usage_history_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/observer_test.cc
  LIBS controller sim_loop
  LABELS unit)
reconcile_test(lost_store_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/lost_store_test.cc
  LIBS sim
  LABELS unit)
