// SPDX-License-Identifier: Apache-2.0
/**
 * Runs a model that has been cut into segments: {@link io.github.depthc.backend.plan.PlanEngine} walks its steps and keeps its caches,
 * a {@link io.github.depthc.backend.plan.Device} computes them.
 */
package io.github.depthc.backend.plan;
