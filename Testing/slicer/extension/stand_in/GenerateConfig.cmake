message(STATUS "extension: ${PROJECT_NAME}; depends: ${EXTENSION_DEPENDS}; home: ${EXTENSION_HOMEPAGE}")
