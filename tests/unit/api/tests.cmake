reconcile_test(api_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/enrollment_routes_test.cc ${CMAKE_CURRENT_LIST_DIR}/network_view_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/operation_routes_test.cc ${CMAKE_CURRENT_LIST_DIR}/plan_view_test.cc ${CMAKE_CURRENT_LIST_DIR}/table_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/routes_test.cc ${CMAKE_CURRENT_LIST_DIR}/saved_plan_test.cc ${CMAKE_CURRENT_LIST_DIR}/webhook_routes_test.cc ${CMAKE_CURRENT_LIST_DIR}/node_operation_routes_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/discovery_routes_test.cc ${CMAKE_CURRENT_LIST_DIR}/resource_reads_test.cc ${CMAKE_CURRENT_LIST_DIR}/openapi_routes_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/authorization_test.cc ${CMAKE_CURRENT_LIST_DIR}/self_reviews_test.cc ${CMAKE_CURRENT_LIST_DIR}/request_target_test.cc ${CMAKE_CURRENT_LIST_DIR}/users_state_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/object_patches_test.cc ${CMAKE_CURRENT_LIST_DIR}/write_options_test.cc ${CMAKE_CURRENT_LIST_DIR}/write_routes_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/exec_session_test.cc ${CMAKE_CURRENT_LIST_DIR}/spdy_port_forward_test.cc ${CMAKE_CURRENT_LIST_DIR}/pod_connection_routes_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/tree_view_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/metrics_routes_test.cc ${CMAKE_CURRENT_LIST_DIR}/scrape_routes_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/watch_resume_test.cc ${CMAKE_CURRENT_LIST_DIR}/list_stream_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/live_feed_test.cc ${CMAKE_CURRENT_LIST_DIR}/page_routes_test.cc ${CMAKE_CURRENT_LIST_DIR}/object_health_test.cc ${CMAKE_CURRENT_LIST_DIR}/paced_output_test.cc ${CMAKE_CURRENT_LIST_DIR}/last_health_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/plan_desk_test.cc ${CMAKE_CURRENT_LIST_DIR}/user_shares_test.cc
  LIBS api link_io sim_loop
  LABELS unit)
