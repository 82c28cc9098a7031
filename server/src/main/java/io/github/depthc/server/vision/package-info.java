// SPDX-License-Identifier: Apache-2.0
/** What a model that takes images has more. */
package io.github.depthc.server.vision;
