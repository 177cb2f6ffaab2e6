reconcile_test(agent_files_contract_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/host_files_contract_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/volumes_contract_test.cc
  LIBS agent_files_io agent_files_fake LABELS contract)
