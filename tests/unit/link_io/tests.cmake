set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_test(enrollment_test
  SOURCES ${here}/certificates_test.cc ${here}/enrollment_files_test.cc ${here}/enrollment_test.cc
          ${here}/rotation_test.cc ${here}/user_certificate_test.cc
  LIBS link_io PkgConfig::CRYPTO LABELS unit)
