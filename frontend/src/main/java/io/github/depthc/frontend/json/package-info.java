// SPDX-License-Identifier: Apache-2.0
/** JSON files read strictly: bounded size and depth, no duplicate keys, and errors that name the file and the place. */
package io.github.depthc.frontend.json;
