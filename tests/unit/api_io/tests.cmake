# With the command line's client: what the two say to each other is their own affair.
reconcile_test(api_io_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/local_server_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/log_streams_test.cc
          ${PROJECT_SOURCE_DIR}/cmd/api_client.cc
          ${CMAKE_CURRENT_LIST_DIR}/local_sessions_test.cc ${PROJECT_SOURCE_DIR}/cmd/pod_connection.cc
  LIBS api_io api base_io PkgConfig::HTTPLIB PkgConfig::CRYPTO ssl
  LABELS unit)
# The port for kubectl, on loopback and ports of its own.
reconcile_test(api_tls_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/api_server_test.cc ${CMAKE_CURRENT_LIST_DIR}/api_faults_test.cc
          ${PROJECT_SOURCE_DIR}/bench/tls_poller.cc ${CMAKE_CURRENT_LIST_DIR}/page_login_test.cc
          ${PROJECT_SOURCE_DIR}/tests/unit/link_tls/tls_link.cc
          ${CMAKE_CURRENT_LIST_DIR}/api_sockets_test.cc ${CMAKE_CURRENT_LIST_DIR}/host_identity_test.cc ${CMAKE_CURRENT_LIST_DIR}/io_bridge_test.cc
  LIBS api_io api link_io link base_io ssl PkgConfig::CRYPTO LABELS unit)
