message(STATUS "packaged")
