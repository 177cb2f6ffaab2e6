# With the command line's client: what the two say to each other is their own affair.
reconcile_test(api_io_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/local_server_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/log_streams_test.cc
          ${PROJECT_SOURCE_DIR}/cmd/api_client.cc
  LIBS api_io api base_io PkgConfig::HTTPLIB PkgConfig::CRYPTO ssl
  LABELS unit)
