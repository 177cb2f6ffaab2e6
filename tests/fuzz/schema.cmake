set(here ${CMAKE_CURRENT_LIST_DIR})
reconcile_fuzz(fuzz_cron SOURCES ${here}/fuzz_cron.cc LIBS schema)
reconcile_fuzz(fuzz_selector SOURCES ${here}/fuzz_selector.cc LIBS schema)
