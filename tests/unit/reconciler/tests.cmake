set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(reconciler_test
  SOURCES ${here}/advice_test.cc ${here}/breaker_test.cc ${here}/changes_test.cc ${here}/deployment_status_test.cc
          ${here}/deployment_test.cc ${here}/desired_test.cc ${here}/effects_test.cc ${here}/eviction_test.cc ${here}/endpoints_test.cc ${here}/service_addresses_test.cc ${here}/events_test.cc ${here}/facts_test.cc
          ${here}/golden_test.cc ${here}/network_preview_test.cc ${here}/preview_test.cc ${here}/references_test.cc ${here}/replicas_test.cc
          ${here}/rolling_test.cc ${here}/scheduler_test.cc ${here}/source_operations_test.cc ${here}/victims_test.cc ${here}/waves_test.cc
          ${here}/reference_warnings.cc
          ${here}/references_waves_test.cc
          ${here}/restart_on_change_test.cc
          ${here}/world.cc ${here}/node_affinity_test.cc ${here}/topology_spread_test.cc ${here}/pod_affinity_test.cc
          ${here}/taints_test.cc ${here}/drain_test.cc ${here}/rollback_on_deadline_test.cc
          ${here}/image_places_test.cc ${here}/preemption_test.cc
          ${here}/declared_node_test.cc
          ${here}/obedient_hosts_test.cc
          ${here}/foresee_test.cc
          ${here}/restart_test.cc
  LIBS reconciler LABELS unit)
