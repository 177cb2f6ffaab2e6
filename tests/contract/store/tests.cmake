reconcile_test(store_contract_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/store_contract_test.cc
  LIBS store_io sim_disk LABELS contract)
