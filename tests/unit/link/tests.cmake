# link_contract.cc and stream_contract.cc are the suite for every transport: link them with a file that instantiates it.
reconcile_test(link_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/delta_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/enrollment_merge_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/enrollment_state_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/join_token_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/lineage_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/link_contract.cc
          ${CMAKE_CURRENT_LIST_DIR}/link_wire_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/local_link_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/messages_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/sample_messages.cc
          ${CMAKE_CURRENT_LIST_DIR}/stream_contract.cc
          ${CMAKE_CURRENT_LIST_DIR}/own_list_test.cc
  LIBS link base_io LABELS unit)
