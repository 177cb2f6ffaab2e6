set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_fuzz(fuzz_yaml SOURCES ${here}/fuzz_yaml.cc LIBS schema)
reconcile_fuzz(fuzz_json SOURCES ${here}/fuzz_json.cc LIBS schema)
reconcile_fuzz(fuzz_kustomize SOURCES ${here}/fuzz_kustomize.cc LIBS schema_kustomize)
