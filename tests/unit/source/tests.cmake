set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(source_test
  SOURCES ${here}/advertised_refs_test.cc ${here}/known_hosts_test.cc ${here}/repository_url_test.cc ${here}/semver_test.cc
          ${here}/source_settings_test.cc ${here}/webhook_test.cc
  LIBS source LABELS unit)
