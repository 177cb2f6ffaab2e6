set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(schema_test
  SOURCES ${here}/convert_test.cc ${here}/cron_test.cc ${here}/selector_text_test.cc
          ${here}/workload_kinds_test.cc ${here}/not_honoured_test.cc ${here}/validate_pod_test.cc
          ${here}/validate_job_test.cc ${here}/validate_resources_test.cc ${here}/validate_service_test.cc
          ${here}/bounded_run.cc ${here}/faults_test.cc ${here}/manifest_pack_test.cc ${here}/manifests_test.cc
          ${here}/quantity_test.cc ${here}/yaml_alias_test.cc ${here}/yaml_limits_test.cc
          ${here}/yaml_reader_test.cc ${here}/yaml_scalar_test.cc ${here}/yaml_text_test.cc
          ${here}/decode_test.cc ${here}/defaults_test.cc ${here}/diff_test.cc
          ${here}/encode_test.cc ${here}/explain_test.cc ${here}/kept_kinds_test.cc ${here}/kept_rules_test.cc ${here}/kinds_test.cc
          ${here}/kustomized_manifests_test.cc
          ${here}/object_test.cc ${here}/pod_test.cc ${here}/schema_testing.cc ${here}/secret_canary_test.cc ${here}/security_test.cc ${here}/pod_security_test.cc
          ${here}/shapes_test.cc ${here}/shared_map_test.cc ${here}/table_property_test.cc ${here}/validate_test.cc ${here}/words_test.cc ${here}/affinity_test.cc ${here}/topology_spread_test.cc
          ${here}/volumes_test.cc ${here}/lifecycle_test.cc ${here}/images_test.cc ${here}/copy_on_write_list_test.cc
  LIBS schema LABELS unit)
reconcile_test(kustomize_test
  SOURCES ${here}/kustomize/golden_test.cc ${here}/kustomize/json_patch_test.cc ${here}/kustomize/reach_test.cc
          ${here}/kustomize/render_test.cc ${here}/kustomize/rendering.cc
  LIBS schema_kustomize LABELS unit)
