/**
 * Workers on a Ray cluster. A {@link io.kolo.ray.RayEngine} finds the installed Ray ({@code LocalNode}), asks the
 * cluster's control store what there is ({@code GcsClient}), and has a process beside the driver, the {@code Gateway},
 * reserve placement groups and start a {@link io.kolo.ray.node.Supervisor} in each bundle. The supervisors start the
 * same worker JVMs as the local engine: Ray's libraries never meet the user's.
 */
@NullMarked
package io.kolo.ray;

import org.jspecify.annotations.NullMarked;
