reconcile_test(agent_probes_contract_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/prober_contract_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/probed_server.cc
  LIBS agent_probes_io agent_probes_fake agent base_io LABELS contract)
