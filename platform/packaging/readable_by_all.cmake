# SPDX-License-Identifier: Apache-2.0
# Executed by cpack when the files of the package are installed in a folder of their own.
execute_process(COMMAND chmod -R u=rwX,go=rX ${CPACK_TEMPORARY_DIRECTORY}
                COMMAND_ERROR_IS_FATAL ANY)
