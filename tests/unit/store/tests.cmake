set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(store_test
  SOURCES ${here}/backup_test.cc ${here}/rotation_test.cc ${here}/damage_test.cc ${here}/disk_error_test.cc ${here}/power_loss_test.cc
          ${here}/row_checksum_test.cc ${here}/secrets_test.cc ${here}/sim_disk_test.cc
          ${here}/single_writer_test.cc ${here}/sqlite_schema_test.cc ${here}/every_string_test.cc ${here}/shared_containers_test.cc
  LIBS store_io sim_disk PkgConfig::SQLITE LABELS unit)
