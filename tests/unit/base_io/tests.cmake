reconcile_test(base_io_test
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/epoll_loop_test.cc ${CMAKE_CURRENT_LIST_DIR}/parallel_test.cc ${CMAKE_CURRENT_LIST_DIR}/subprocess_test.cc
          ${CMAKE_CURRENT_LIST_DIR}/system_random_test.cc ${CMAKE_CURRENT_LIST_DIR}/worker_pool_test.cc ${CMAKE_CURRENT_LIST_DIR}/code_pages_test.cc
  LIBS base_io
  LABELS unit)
