reconcile_fuzz(fuzz_self_reviews SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_self_reviews.cc LIBS api)
reconcile_fuzz(fuzz_pod_sessions SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_pod_sessions.cc LIBS api)
reconcile_fuzz(fuzz_write_bodies SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_write_bodies.cc LIBS api source sim_loop)
# With Boost.Beast: a minute of compilation, in its turn.
reconcile_fuzz(fuzz_http_edge SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_http_edge.cc LIBS api link_io sim_loop Boost::boost)
if(TARGET fuzz_http_edge)
  set_target_properties(fuzz_http_edge PROPERTIES JOB_POOL_COMPILE beast UNITY_BUILD OFF)
endif()
