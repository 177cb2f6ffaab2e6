set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(cmd_test
  SOURCES ${here}/config_files_test.cc ${here}/config_test.cc ${here}/data_folder_test.cc
          ${here}/duration_test.cc ${here}/endpoint_test.cc ${here}/get_request_test.cc ${here}/history_text_test.cc
          ${here}/joined_test.cc
          ${here}/keys_file_test.cc ${here}/local_host_test.cc ${here}/plan_file_test.cc ${here}/plan_offline_test.cc ${here}/plan_target_test.cc ${here}/plan_text_test.cc ${here}/yaml_output_test.cc
          ${here}/restore_cluster_test.cc
          ${here}/status_text_test.cc ${here}/kubeconfig_text_test.cc ${here}/forward_target_test.cc
          ${here}/top_text_test.cc
  LIBS cmd_config cmd_host cmd_keys cmd_plan_file cmd_requests cmd_text cmd_yaml base_io LABELS unit)
reconcile_test(cmd_validate_test
  SOURCES ${here}/disk_manifests_test.cc ${here}/validation_report_test.cc
  LIBS cmd_validate LABELS unit)
reconcile_test(cmd_client_test
  SOURCES ${here}/log_lines_test.cc ${here}/log_targets_test.cc ${here}/json_path_test.cc ${here}/wait_for_test.cc ${here}/get_text_test.cc ${here}/completion_target_test.cc ${here}/doctor_checks_test.cc ${here}/describe_test.cc ${here}/tree_text_test.cc
  LIBS cmd_logs cmd_values cmd_describe cmd_checks cmd_text LABELS unit)
reconcile_test(cmd_metrics_test
  SOURCES ${here}/metrics_test.cc
  LIBS cmd_metrics LABELS unit)
reconcile_test(cmd_dashboard_test
  SOURCES ${here}/dashboard_proxy_test.cc ${PROJECT_SOURCE_DIR}/tests/support/canned_server.cc
  LIBS cmd_dashboard PkgConfig::HTTPLIB Threads::Threads LABELS unit)
