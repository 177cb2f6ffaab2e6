reconcile_test(agent_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/agent_faults_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/agent_fixture.cc
          ${CMAKE_CURRENT_LIST_DIR}/agent_outage_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/agent_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/alone_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/container_config_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/drain_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/env_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/fence_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/host_network_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/images_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/lineage_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/network_file_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/network_sync_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/registry_logins_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/restart_loss_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/restart_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/rights_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/service_links_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/start_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/start_times_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/status_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/step_fixture.cc
          ${CMAKE_CURRENT_LIST_DIR}/stop_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/volumes_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/active_deadline_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/probes_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/probing_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/init_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/end_messages_test.cc
  LIBS agent agent_files_fake agent_probes_fake
  LABELS unit)
